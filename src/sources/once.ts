/** Runs work once per name. A failure is not remembered: another query of the same text may stand at another place. */
export async function once<T>(known: Map<string, Promise<T>>, name: string, work: () => Promise<T>): Promise<T> {
  const running = known.get(name) ?? work();
  known.set(name, running);
  running.catch(() => known.delete(name));
  return running;
}
