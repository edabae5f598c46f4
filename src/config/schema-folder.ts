import { fileURLToPath } from 'node:url';

/** `schemas/` of the package: beside `src/` and beside `dist/`. Ends with a slash. */
export const SCHEMA_FOLDER = fileURLToPath(new URL('../../schemas/', import.meta.url));
