/** Errors of user code that nobody handled, and which would end the operating-system process (S16.9). */

/** Takes unhandled rejections and uncaught exceptions from now on; the answer takes the handlers away again. */
export function handleProcessErrors(onError: (cause: unknown, origin: "rejection" | "exception") => void): () => void {
  const onRejection = (reason: unknown) => onError(reason, "rejection");
  const onException = (cause: unknown, origin: NodeJS.UncaughtExceptionOrigin) =>
    onError(cause, origin === "unhandledRejection" ? "rejection" : "exception");
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return () => {
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}
