/** The words of generated aliases: short, friendly, easy to say over a telephone, each once. */

/** What it is like. */
export const ADJECTIVES: readonly string[] = `
able agile amber ample apt arctic ashen autumn azure balmy bold bonny brave breezy brief bright
brisk bronze calm candid careful cheery chief civil clean clear clever cloudy coastal cobalt
cool copper coral cosmic cosy crisp crystal curious dapper daring dawn deep deft dewy distant
dual dusky eager early earnest easy elder elegant equal even exact fabled fair famous fast
fearless fern fine fleet floral fluent flying fond fresh frosty gallant gentle gifted gilded
glad gleaming glossy golden good graceful grand grassy green hale handy happy hardy hazel hearty
helpful hidden high honest humble icy ideal indigo inner ivory jade jolly jovial joyful keen
kind lasting late leafy level light lilac limber linen little lively local lofty long loyal
lucid lucky lunar magic major maple marble mellow merry mighty mild mindful misty modest mossy
native neat new nimble noble nordic northern novel oaken olive opal open orange ornate outer
pastel patient peaceful pearly plain pleasant plucky polar polished polite prime proper proud
pure purple quick quiet radiant rapid rare ready regal robust rosy round royal rural rustic
sandy satin scarlet secret sedate serene sharp shining silent silken silver simple sincere sky
sleek smart smooth snowy social soft solar solid sonic southern spare spry square stable starry
steady steep still stoic stout strong sturdy subtle sunny super supple sure swift tall tame
tawny tender thrifty tidal tidy timely topaz tranquil true trusty twilight upbeat urban useful
valiant vast velvet verdant vernal violet vital vivid warm wavy western whole wide wild windy
winged winter wise witty wooden worthy young zesty
`
  .trim()
  .split(/\s+/);

/** What it is. */
export const NOUNS: readonly string[] = `
acorn agate alder alpine anchor antler apple apricot arbor arch arrow aspen aster atlas aurora
badger bamboo banner barley basil basin bay beacon bear beaver beech bell birch bison bloom
bluff boat bonfire bough boulder branch breeze bridge brook buffalo cabin cactus canoe canyon
cape caravan cardinal castle cave cedar cherry chestnut chime cliff cloud clover coast comet
compass condor cove crane crater creek crest cricket crow current cypress dahlia daisy dale
delta desert dolphin dove dragonfly drum dune eagle echo eddy elk elm ember estuary falcon fawn
feather fern ferry field finch fir fjord flame flint flute forest fountain fox gale garden
garnet gazelle geyser ginger glacier glade glen granite grotto grove gull gully harbor hare harp
hawk hazel heath hedge heron hill hollow horizon ibex inlet iris island ivy jasmine jasper jay
juniper kestrel kite lagoon lake lantern larch lark laurel lava lavender leaf ledge lemon lichen
lily linden lion lotus lynx magpie mango maple marble marsh marten meadow mesa meteor mill mint
mist moon moor moose moss moth mountain nebula nectar oak oasis oat ocean olive opal orbit
orchard orchid oriole osprey otter owl palm panda panther pebble pelican peony pepper petal pier
pigeon pine plain planet plaza plover plum poplar poppy prairie prism pulse puma quail quarry
quartz quill rabbit rain rapids raven reed reef ridge river robin rocket rose sable saffron sage
sail salmon sand sapphire seal sequoia shell shore sierra sky slope snow sonata sparrow spring
spruce spur stag star starling stone storm summit sun swallow swan swift tern thicket thistle
thrush thunder tide tiger timber torch trail trout tulip tundra turtle valley vine violet
volcano wagon walnut warbler water wave wharf willow wind wolf wren yarrow zephyr
`
  .trim()
  .split(/\s+/);
