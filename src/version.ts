/** Version of this package; `scripts/` keeps it equal to package.json. */
export const SLUICE_VERSION = '0.1.0';
