/** Light, dark, or as the system says. */
import { byId } from './dom.ts';

const THEMES = ['auto', 'light', 'dark'] as const;
const KEY = 'sluice-theme';

export function startTheme(): void {
  const button = byId('theme');
  let current = remembered();
  const apply = (): void => {
    document.documentElement.dataset['theme'] = current;
    button.textContent = `Theme: ${current}`;
  };
  button.addEventListener('click', () => {
    current = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length] ?? 'auto';
    remember(current);
    apply();
  });
  button.hidden = false;
  apply();
}

/** A page opened from a file may have no storage: then the choice lasts as long as the page. */
function remembered(): (typeof THEMES)[number] {
  try {
    return THEMES.find((each) => each === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    return 'auto';
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // No storage: nothing to remember it with.
  }
}
