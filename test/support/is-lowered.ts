/** Whether this run of the tests has its `async` functions lowered; see vitest.config.ts. */
export const isLowered = process.env.BEAMISH_LOWERED === "yes";
