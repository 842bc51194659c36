/* global EventSource */
/** The stream of what there is to see, opened again as often as it ends. */

const LOOK_AGAIN_MS = 1000;
/** The server shows that it lives every ten seconds. */
const LOST_AFTER_MS = 25_000;

/**
 * Tells `onOverview` each overview, and `onState` whether the server is heard.
 *
 * @returns The server's time in milliseconds since 1970; it stands while the server is not heard.
 */
export function connect({ onOverview, onState }) {
  let stream;
  let heardAt = Date.now();
  let ahead = 0;
  let isHeard;

  const setHeard = (heard) => {
    if (heard) heardAt = Date.now();
    if (heard === isHeard) return;
    isHeard = heard;
    onState({ isHeard, heardAt });
  };
  const open = () => {
    stream = new EventSource('api/live');
    stream.addEventListener('overview', ({ data }) => {
      setHeard(true);
      onOverview(JSON.parse(data));
    });
    stream.addEventListener('alive', ({ data }) => {
      ahead = Number(data) - Date.now();
      setHeard(true);
    });
    stream.addEventListener('error', () => {
      setHeard(false);
      // The browser tries again by itself unless the server has refused.
      if (stream.readyState === EventSource.CLOSED) setTimeout(open, LOOK_AGAIN_MS);
    });
  };
  setInterval(() => {
    if (!isHeard || Date.now() - heardAt < LOST_AFTER_MS) return;
    stream.close();
    setHeard(false);
    open();
  }, LOOK_AGAIN_MS);
  open();
  return () => (isHeard ? Date.now() : heardAt) + ahead;
}
