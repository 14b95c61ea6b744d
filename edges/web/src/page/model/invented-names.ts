/** Names for people who have given none: plants, animals and stones, easy to distinguish. */
const WORDS = `
Acacia Acorn Agate Alder Almond Aloe Amber Anise Apple Apricot Ash Aspen Aster Aurora Azalea
Badger Balsam Bamboo Basalt Basil Bay Beaver Beech Beryl Birch Bison Blossom Bluebell Bramble Breeze
Briar Brook Buckeye Buffalo Burdock Cactus Canary Canyon Caraway Cardinal Caribou Cascade Cashew Cedar
Chamois Cherry Chestnut Chicory Cicada Cinnamon Citron Clementine Cliff Cloud Clove Clover Cobalt Comet
Condor Coral Coriander Cosmos Cougar Coyote Crane Creek Cricket Crocus Crow Crystal Cumin Curlew
Cypress Daffodil Dahlia Daisy Dawn Delta Dill Dingo Dolphin Dove Dragonfly Drift Dune Eagle
Egret Elder Elk Elm Ember Ermine Falcon Fawn Fennel Fern Ferret Fig Finch Fir
Fjord Flax Flint Forest Fox Foxglove Gale Galena Garnet Gazelle Gecko Gentian Geyser Ginger
Ginkgo Glacier Goldfinch Gorse Granite Grove Gull Harbor Hare Hawk Hawthorn Hazel Heath Heather
Heron Hickory Holly Hyacinth Hyssop Ibex Ibis Indigo Iris Ivy Jackdaw Jade Jasmine Jasper
Jay Juniper Kelp Kestrel Kite Kiwi Koala Lagoon Lantana Larch Lark Laurel Lavender Lemon
Lemur Lichen Lilac Lily Linden Linnet Lotus Lupin Lynx Magnolia Mallow Mango Maple Marigold
Marlin Marten Meadow Melon Merlin Mesa Mimosa Mint Mistral Monsoon Moose Moss Myrtle Narwhal
Nectar Nettle Newt Nutmeg Oak Ocelot Olive Onyx Opal Orchid Oriole Osprey Otter Owl
Palm Panda Papaya Pear Pebble Pecan Pelican Peony Pepper Petrel Pine Plover Plum Poppy
Prairie Primrose Puffin Quail Quartz Quince Rain Raven Reed Ridge River Robin Rosemary Rowan
Ruby Sable Saffron Sage Sandpiper Sapphire Sequoia Sesame Shale Sierra Sorrel Sparrow Spruce Starling
Stork Summit Sunflower Swallow Swan Swift Sycamore Tamarind Tansy Teal Tern Thistle Thrush Thyme
Tiger Topaz Toucan Tulip Tundra Turquoise Valley Vanilla Verbena Vetch Violet Walnut Walrus Wasp
Willow Wisteria Wolf Wren Yarrow Yew Zebra Zephyr Zinnia
`;

export const INVENTED_NAMES: readonly string[] = WORDS.trim().split(/\s+/);
