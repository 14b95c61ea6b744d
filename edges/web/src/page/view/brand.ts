/** The name of this deployment's page, which its operator may have chosen. */

const { name, tagline } = document.documentElement.dataset;

export const BRAND = name ?? "TinCan";
export const TAGLINE = tagline ?? "";
