/** The value as an instance of a class. Throws when it is another: a mistake of the fake's. */
export function as<T>(type: abstract new (...parameters: never[]) => T, value: unknown): T {
  if (value instanceof type) return value;
  throw new TypeError(`not a ${type.name}: ${String(value)}`);
}
