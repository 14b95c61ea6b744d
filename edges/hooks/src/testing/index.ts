/** What tests of the whole need: a receiver that checks, and a sender with a queue. */
export { type Behaviour, OK, type Receiver, startReceiver } from "./receiver.ts";
export { openWorld, SIGNING, type World } from "./world.ts";
