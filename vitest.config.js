import {defineConfig} from 'vitest/config';

export default defineConfig({
  oxc: {jsx: {runtime: 'automatic', importSource: 'preact'}},
  test: {
    environment: 'jsdom',
    include: ['extensions/*/tests/**/*.test.{js,jsx,ts,tsx}'],
    server: {deps: {inline: [/@shopify\/ui-extensions-tester/]}},
  },
});
