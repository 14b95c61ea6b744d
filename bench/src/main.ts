/** How fast, measured the same way each time, against its own controls. */
export {};
