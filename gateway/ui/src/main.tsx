import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/components.css';
import { loadSession } from './api/session';
import { App } from './app';
import { startClock } from './components/time';
import { startRouter } from './router';
import { watchSystemTheme } from './theme';

startRouter();
startClock();
watchSystemTheme();
loadSession();
render(<App />, document.getElementById('app') as HTMLElement);
