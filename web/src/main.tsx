// The page's first line.

import { render } from 'preact';
import { App } from './app.tsx';
import { startDrills } from './live/drill.ts';
import { start } from './live/store.ts';
import { startRouter } from './router.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import './styles/pages.css';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
startRouter();
startDrills();
start();
render(<App />, root);
