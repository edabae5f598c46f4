/**
 * DuckDB's driver decodes text with a decoder that swallows a byte order mark at its start: `\uFEFFx` would arrive as `x`,
 * be written as `x`, and differ from its source in every plan. Its decoder is replaced by one that keeps every character.
 */
import * as accessors from '@duckdb/node-api/lib/vectors/dataAccessors.js';

/** Makes the driver's decoder exact, for the whole process. Harmless to call again. */
export function keepByteOrderMarks(): void {
  const { default: module } = accessors as unknown as { default: { textDecoder: InstanceType<typeof TextDecoder> } };
  module.textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
}
