// How the page is built, and served while it is worked on.
//
//   npm run dev                                      against the fake API in fake/
//   CHAINS_GATEWAY=http://127.0.0.1:8080 npm run dev   against a gateway
import { defineConfig } from 'vitest/config';
import { fakeApi } from './fake/plugin';
import { themeFirst } from './scripts/theme_first';

const gateway = process.env.CHAINS_GATEWAY;

// The gateway takes requests from its own page alone, so it must look as if the page were its.
function passTo(target: string) {
  return {
    target,
    changeOrigin: true,
    headers: { Origin: new URL(target).origin, 'Sec-Fetch-Site': 'same-origin' },
  };
}

export default defineConfig(({ command }) => ({
  // Relative, so that the page also works below a path of somebody's proxy.
  base: command === 'serve' ? '/ui/' : './',
  plugins: [themeFirst(), ...(gateway ? [] : [fakeApi()])],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    // Nothing inline: the gateway's Content-Security-Policy permits files of ours alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: true,
  },
  server: {
    host: '127.0.0.1',
    proxy: gateway
      ? { '^/(ui/(api/|login|logout|session)|chains/|async/)': passTo(gateway) }
      : undefined,
  },
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    environment: 'node',
    // How long a test takes says how busy the machine is; whoever starts them has a deadline for all of
    // them. One thread, so that they do not wait for each other either.
    testTimeout: 0,
    pool: 'threads',
    poolOptions: { threads: { singleThread: true } },
  },
}));
