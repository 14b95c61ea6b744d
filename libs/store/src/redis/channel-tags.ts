/**
 * The hash tag of a channel: channels of one tag share a slot of a Cluster, and are subscribed and
 * lost together.
 */

/**
 * Channels that one command subscribes: large enough for speed, small enough to serve others
 * between.
 */
const SUBSCRIBE_AT_ONCE = 500;

/** Everything up to the end of the tag: `ams:{p7}` of `ams:{p7}:conv_1`. */
export function tagOf(channel: string): string {
  return channel.slice(0, channel.indexOf("}") + 1);
}

export function byTag(channels: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const tags = new Map<string, string[]>();
  for (const channel of channels) {
    const tag = tagOf(channel);
    const group = tags.get(tag);
    if (group === undefined) tags.set(tag, [channel]);
    else group.push(channel);
  }
  return tags;
}

/** The same channels, as many at a time as one command takes. */
export function batchesOf(channels: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(channels.length / SUBSCRIBE_AT_ONCE) }, (_, index) =>
    channels.slice(index * SUBSCRIBE_AT_ONCE, (index + 1) * SUBSCRIBE_AT_ONCE),
  );
}
