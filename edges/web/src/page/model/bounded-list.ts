/** A list that forgets its oldest items when it holds too many of them or too much text. */

export type Bounds = {
  readonly itemsMax: number;
  /** Characters of all items together; the newest item stays however long it is. */
  readonly charactersMax: number;
};

export class BoundedList<Item> {
  readonly #bounds: Bounds;
  #items: Item[] = [];
  #sizes: number[] = [];
  #characters = 0;
  /** Items that were dropped from the front since the beginning. */
  dropped = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  push(item: Item, characters: number): void {
    this.#items.push(item);
    this.#sizes.push(characters);
    this.#characters += characters;
    this.#forget();
  }

  /** The item at `index` has grown by so many characters; one that was dropped counts no more. */
  grow(index: number, characters: number): void {
    const size = this.#sizes[index];
    if (size === undefined) return;
    this.#sizes[index] = size + characters;
    this.#characters += characters;
    this.#forget();
  }

  /** An eighth at a time, so that a full list doesn't move all its items with each new one. */
  #forget(): void {
    const { itemsMax, charactersMax } = this.#bounds;
    if (this.#items.length <= itemsMax && this.#characters <= charactersMax) return;
    const keepItems = Math.floor((itemsMax * 7) / 8);
    const keepCharacters = (charactersMax * 7) / 8;
    let count = 0;
    let { length } = this.#items;
    while (length > 1 && (length > keepItems || this.#characters > keepCharacters)) {
      this.#characters -= this.#sizes[count] ?? 0;
      count += 1;
      length -= 1;
    }
    this.#items = this.#items.slice(count);
    this.#sizes = this.#sizes.slice(count);
    this.dropped += count;
  }
}
