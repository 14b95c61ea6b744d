/** A session for runtimes that can't hold a socket: seats in conversations, with a buffer and a cursor each. */
export {};
