import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/memory-folder.ts'],
    // Tests start real databases and real processes: one process per file, two at a time suits a small machine.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that is skipped or focused by accident is a defect.
    allowOnly: false,
    // What a developer has exported must not decide what a test sees.
    unstubEnvs: true,
    restoreMocks: true,
  },
});
