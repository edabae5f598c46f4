import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// Clock, randomness, environment, network and the terminal come in through Context: nothing else in src reads them.
const outsideWorld = {
  'no-console': 'error',
  'no-restricted-globals': ['error', { name: 'fetch', message: 'Use context.fetch.' }],
  'no-restricted-properties': [
    'error',
    { object: 'process', property: 'env', message: 'Use context.env.' },
    { object: 'process', property: 'exit', message: 'Throw; only src/cli.ts ends the process.' },
    { object: 'process', property: 'cwd', message: 'Use context.cwd.' },
    { object: 'process', property: 'argv', message: 'Only src/cli.ts reads arguments.' },
    { object: 'Date', property: 'now', message: 'Use context.now().' },
    { object: 'Math', property: 'random', message: 'Use context.randomHex().' },
    { object: 'crypto', property: 'randomUUID', message: 'Use context.randomHex().' },
    { object: 'crypto', property: 'getRandomValues', message: 'Use context.randomHex().' },
  ],
  'no-restricted-imports': [
    'error',
    {
      paths: [
        { name: 'node:process', message: 'Use Context.' },
        { name: 'node:crypto', importNames: ['randomInt', 'randomUUID'], message: 'Use context.randomHex().' },
      ],
    },
  ],
  'no-restricted-syntax': [
    'error',
    { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Use context.now().' },
    { selector: 'CallExpression[callee.name="Date"]', message: 'Use context.now().' },
  ],
};

export default defineConfig(
  globalIgnores(['dist/', 'action/index.js', 'coverage/', 'src/config/generated/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { noInlineConfig: true },
    rules: {
      eqeqeq: 'error',
      'no-param-reassign': 'error',
      'prefer-const': 'error',
      'no-var': 'error',
      'no-promise-executor-return': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Implementations of an interface of promises are async to fail as promises, whether or not they wait.
      '@typescript-eslint/require-await': 'off',
      // Checks on data from outside are wanted even where the declared type says they cannot fail.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      // Text is cut at code points on purpose.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: ['src/**/*.ts'], ignores: ['src/cli.ts', 'src/cli/**', 'src/context.ts'], rules: outsideWorld },
  {
    // Tests look into JSON documents and may assert what they have just checked.
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `expect.any()` and parsed output are untyped by nature.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
