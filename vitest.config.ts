import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take minutes. Started last, as the smallest files are, they would leave one core idle at the end. */
const LONG = ['test/converge/', 'test/e2e/kill.test.ts', 'test/e2e/warehouse.test.ts', 'test/contract/'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((part) => moduleId.includes(part));
      return place < 0 ? LONG.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/memory-folder.ts', 'test/support/compile-cache.ts'],
    setupFiles: ['test/support/one-thread.ts'],
    // Tests start real databases and real processes: one process per file, two at a time suits a small machine.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // A test that is skipped or focused by accident is a defect.
    allowOnly: false,
    // What a developer has exported must not decide what a test sees.
    unstubEnvs: true,
    restoreMocks: true,
  },
});
