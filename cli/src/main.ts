/** `ams`: the wire at a shell prompt. */
export {};
