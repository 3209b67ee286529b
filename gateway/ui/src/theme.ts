// Light, dark, or as the system has it. assets/theme-….js sets it before the first paint.
import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'chains.theme';

function stored(): Theme {
  try {
    const is = localStorage.getItem(KEY);
    return is === 'light' || is === 'dark' ? is : 'system';
  } catch {
    return 'system'; // storage is turned off
  }
}

export const theme = signal<Theme>(stored());
/** Counts changes of colours, by us or the system: what draws on a canvas draws again. */
export const repaint = signal(0);

export function setTheme(to: Theme): void {
  theme.value = to;
  try {
    if (to === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, to);
  } catch {
    // It holds until the page is left.
  }
  if (to === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = to;
  repaint.value++;
}

export function watchSystemTheme(): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    repaint.value++;
  });
}

/** A colour of styles/tokens.css as it is now, for a canvas: color('--accent'). */
export function color(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
