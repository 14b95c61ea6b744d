/** What tests of services of spaces share. */
export {
  type Answer,
  CONVERSATION,
  LINK,
  type Loose,
  newFolder,
  openSpaceDesk,
  removeFolder,
  type SpaceDesk,
  TEST_SPACE_CONFIG,
  TOKEN,
} from "./space-desk.ts";
