// Icons, drawn here on a grid of 16 with lines of 1.5, so that no font or sprite is fetched. They say
// nothing by themselves: a label stands beside them, or on the button around them.
const PATHS = {
  chains:
    'M6.5 9.5l3-3M5 7.5L3.4 9.1a2.5 2.5 0 003.5 3.5L8.5 11M7.5 5l1.6-1.6a2.5 2.5 0 013.5 3.5L11 8.5',
  graph: 'M2.5 8h3M10.5 3.5H8.5L6.5 8l2 4.5h2M10.5 2h3v3h-3zM10.5 11h3v3h-3zM2.5 6.5',
  deployments: 'M8 2l5.5 3L8 8 2.5 5zM2.5 8L8 11l5.5-3M2.5 11L8 14l5.5-3',
  call: 'M2.5 3.5h11v7h-6L4.5 13v-2.5h-2z',
  logs: 'M3 4h10M3 7h7M3 10h10M3 13h5',
  traces: 'M2 3.5h7M5 8h6M8 12.5h6',
  recordings: 'M8 13.5a5.5 5.5 0 100-11 5.5 5.5 0 000 11zM8 9.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3z',
  settings: 'M2 4.5h7M12 4.5h2M10.5 3v3M2 11.5h2M7 11.5h7M5.5 10v3',
  key: 'M9.8 6.2a3 3 0 10-2.2 2.9L8.5 10H10v1.5h1.5V13H14v-2l-4.5-4.2M6 5.5h.01',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  check: 'M3 8.5l3.2 3L13 4.5',
  close: 'M4 4l8 8M12 4l-8 8',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  warning: 'M8 2.5l6 11H2zM8 6.5v3M8 11.5v.01',
  info: 'M8 14A6 6 0 108 2a6 6 0 000 12zM8 7.5V11M8 5v.01',
  sun: 'M8 11a3 3 0 100-6 3 3 0 000 6zM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  moon: 'M13 9.5A5.5 5.5 0 016.5 3a5.5 5.5 0 106.5 6.5z',
  system: 'M2.5 3h11v7.5h-11zM6 13.5h4M8 10.5v3',
  up: 'M8 13V3.5M4 7.5l4-4 4 4',
  back: 'M3 6.5h6.5a3.5 3.5 0 010 7H6M3 6.5l3-3M3 6.5l3 3',
  out: 'M6 2.5H3v11h3M7 8h7M11 5l3 3-3 3',
  right: 'M6 3.5L10.5 8 6 12.5',
  down: 'M3.5 6L8 10.5 12.5 6',
  plus: 'M8 3v10M3 8h10',
  play: 'M5 3l8 5-8 5z',
  stop: 'M4 4h8v8H4z',
  search: 'M7 11.5a4.5 4.5 0 100-9 4.5 4.5 0 000 9zM10.5 10.5l3 3',
  retry: 'M13 3.5V7H9.5M12.6 7A5 5 0 103 9',
  mic: 'M8 9.5a2 2 0 002-2v-3a2 2 0 10-4 0v3a2 2 0 002 2zM4 7.5a4 4 0 008 0M8 11.5V14',
  upload: 'M8 10V2.5M5 5.5l3-3 3 3M2.5 10.5v3h11v-3',
  download: 'M8 2.5V10M5 7l3 3 3-3M2.5 10.5v3h11v-3',
  pause: 'M5 3.5v9M11 3.5v9',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
