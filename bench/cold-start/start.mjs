/** Starts the application in the folder named as an embedding program does, and prints the first answer of a process. */
import { createRuntime } from "beamish";

const runtime = await createRuntime({ app: process.argv[2] });
await runtime.startHost("greeting:processes");
console.log(await runtime.exec("greeting:main", "greeting:processes"));
await runtime.stop();
