/** Starts the application of this folder as an embedding program does, and prints the first answer of a process. */
import { fileURLToPath } from "node:url";
import { createRuntime } from "beamish";

const runtime = await createRuntime({ app: fileURLToPath(new URL(".", import.meta.url)) });
await runtime.startHost("greeting:processes");
console.log(await runtime.exec("greeting:main", "greeting:processes"));
await runtime.stop();
