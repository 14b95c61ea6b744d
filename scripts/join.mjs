// `npm run join -- '<magic link>'`: `ams join`, in a clone that needn't have been built.
import { becomeAms } from "./ams.mjs";

await becomeAms("join");
