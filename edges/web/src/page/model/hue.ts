/** A colour for each stream: the same wherever the stream is shown, on whatever page. */

/** Degrees of the colour circle, from an id whose characters are evenly spread (§1.3). */
export function hueOf(streamId: string): number {
  let sum = 0;
  for (const character of streamId) sum = (sum * 31 + character.charCodeAt(0)) % 3600;
  return sum / 10;
}
