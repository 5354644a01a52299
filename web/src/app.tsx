// The frame around every page: site bar, navigation, and what must be said at once. SPEC rules UI1-UI3.

import { useEffect } from 'preact/hooks';
import { hello, linkState } from './live/store.ts';
import { PAGES, pageOf } from './pages.ts';
import { Icon } from './parts/icon.tsx';
import { route } from './router.ts';
import { Notices } from './shell/notices.tsx';
import { SiteBar } from './shell/site-bar.tsx';
import { TopBar } from './shell/top-bar.tsx';

export function App() {
  const page = pageOf(route.value.page);
  const { arg } = route.value;
  const site = hello.value?.site ?? '';
  useEffect(() => {
    document.title = [arg || page?.title, site, 'Sensorium'].filter(Boolean).join(' · ');
  }, [page, arg, site]);
  // On a phone the navigation is a strip of which a part is in sight.
  useEffect(() => {
    document.querySelector('.nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [page]);
  if (page === undefined) return null;
  const View = page.view;
  return (
    <div class="app" data-link={linkState.value.phase}>
      <button type="button" class="button skip" onClick={() => document.getElementById('content')?.focus()}>
        Skip to the content
      </button>
      <TopBar />
      <SiteBar />
      <Notices />
      <nav class="nav" aria-label="Pages">
        <ul>
          {PAGES.map(
            ({ id, title, icon, isShown }) =>
              icon !== null &&
              isShown?.() !== false && (
                <li key={id}>
                  <a href={`#/${id}`} aria-current={(page.under ?? page.id) === id ? 'page' : undefined}>
                    <Icon name={icon} />
                    {title}
                  </a>
                </li>
              ),
          )}
        </ul>
      </nav>
      <main id="content" class="content" tabIndex={-1}>
        <View key={page.id + arg} />
      </main>
    </div>
  );
}
