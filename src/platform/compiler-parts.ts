/**
 * The parts of the compiler that bring packages with them, in one module, so that they can be loaded when they are needed
 * and not before (see module-compiler.ts).
 */
export { transformSync } from "oxc-transform";
export { lower } from "./lowering.ts";
