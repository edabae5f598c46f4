/** A GitHub for tests: see README.md. */
export { type JobResult, runAction, type Trigger } from './runner.ts';
export type { Author } from './bodies.ts';
export { type GitHubServer, startGitHub } from './server.ts';
