// A script of a few lines that sets the theme before anything is painted: a file of its own, since
// nothing may be inline, and not a module, since those run after the first paint.
import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

const SOURCE = `(function () {
  try {
    var theme = localStorage.getItem('chains.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch (e) {}
})();
`;

export function themeFirst(): Plugin {
  const digest = createHash('sha256').update(SOURCE).digest('hex').slice(0, 8);
  const file = `assets/theme-${digest}.js`;
  return {
    name: 'theme-first',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: file, source: SOURCE });
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (!request.url?.endsWith(file)) return next();
        response.setHeader('Content-Type', 'text/javascript');
        response.end(SOURCE);
      });
    },
    transformIndexHtml: () => [
      { tag: 'script', attrs: { src: `./${file}` }, injectTo: 'head-prepend' },
    ],
  };
}
