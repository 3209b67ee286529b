// Light, dark or as the system has it: three buttons, one of them pressed.
import { setTheme, type Theme, theme } from '../theme';
import { Icon, type IconName } from './icon';

const CHOICES: [Theme, IconName, string][] = [
  ['light', 'sun', 'Light'],
  ['dark', 'moon', 'Dark'],
  ['system', 'system', 'As the system'],
];

export function ThemeSwitch() {
  return (
    <fieldset class="segments">
      <legend class="only-read">Theme</legend>
      {CHOICES.map(([value, icon, text]) => (
        <button
          type="button"
          key={value}
          aria-pressed={theme.value === value}
          title={text}
          onClick={() => setTheme(value)}
        >
          <Icon name={icon} size={14} />
          <span class="only-read">{text}</span>
        </button>
      ))}
    </fieldset>
  );
}
