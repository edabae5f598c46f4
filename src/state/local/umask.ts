/** DuckDB makes its files (the log beside the database too) with the rights that the process's mask leaves. */

const users = { count: 0, before: 0 };

/** While `work` runs, new files of this process can be read by their owner only. */
export async function withPrivateFiles<T>(work: () => Promise<T>): Promise<T> {
  if (users.count === 0) users.before = process.umask(0o077);
  users.count += 1;
  try {
    return await work();
  } finally {
    users.count -= 1;
    if (users.count === 0) process.umask(users.before);
  }
}
