/** Who a bearer is that the directory doesn't know by itself. */
export { EXTERNAL_KEY_NAME, externalKey } from "./external-accounts.ts";
export { createIdentity, externalHash, type Identity, type IdentityOptions } from "./identity.ts";
export { ALGORITHMS, type IssuerTerms } from "./issuer.ts";
export type { Fetch } from "./key-set.ts";
export { type Identified, type JoinTerms, linkOf } from "./signed-token.ts";
export { publicKeyOf } from "./signing-key.ts";
