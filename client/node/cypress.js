// For Cypress, in setupNodeEvents: tasks by which the commands of `soundstage-client/cypress-commands` ask Soundstage.
//   async setupNodeEvents(on) {
//     const { run } = await useSoundstage(on);
//     startTheApplication({ ...process.env, ...run.nodeVariables() });
//   }
import { read, written } from './src/over_json.js';
import { RunSession } from './src/run_session.js';
import { CHANNELS } from './src/stage.js';

const ASKED = ['waitFor', 'one', 'all', 'count', 'none'];
const ASSERTED = ['assertNothingElse', 'assertNothingLeft', 'settle'];

/** Opens a run and registers the tasks. Options are RunSession.open's. Resolves to `{run, tasks}`. */
export async function useSoundstage(on, options = {}) {
  const session = await RunSession.open('cypress', { listener: true, ...options });
  const environ = { ...process.env, ...session.run.variables };
  await session.begin(environ);
  const tasks = tasksOf(session);
  on('task', tasks);
  on('after:run', () => session.end(environ));
  return { run: session.run, tasks };
}

/** A task answers null where it has nothing to say: Cypress takes undefined for a task that is missing. */
function tasksOf(session) {
  let window;
  const close = async () => {
    const closing = window;
    window = undefined;
    if (closing) await session.closeWindow(closing);
    return null;
  };
  return {
    async 'soundstage:open'(name) {
      await close(); // a test that was run again, or broken off
      window = await session.openWindow(name);
      return null;
    },
    'soundstage:close': close,
    async 'soundstage:ask'({ what, match }) {
      if (!window) throw new TypeError('soundstage:ask needs a window: import soundstage-client/cypress-commands');
      return (await written(await asked(window, what, read(match ?? {})))) ?? null;
    },
  };
}

/** `what` is `email.waitFor`, `payments.one`, ... or `assertNothingElse`. */
function asked(window, what, match) {
  const [collection, method] = what.split('.');
  if (method === undefined && ASSERTED.includes(collection)) return window[collection]();
  if (Object.hasOwn(CHANNELS, collection) && ASKED.includes(method)) return window[collection][method](match);
  throw new TypeError(`'${what}' is nothing to ask Soundstage; ask email.waitFor, payments.one, assertNothingElse, ...`);
}
