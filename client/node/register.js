// Loaded before a program by `--import`: its connections are led into the run that NODE_SOUNDSTAGE names.
import { steer } from './src/steered.js';

if (!process.env.NODE_SOUNDSTAGE) {
  throw new Error('soundstage-client/register was loaded and NODE_SOUNDSTAGE is not set: nothing would be led anywhere');
}
const { listener, services } = JSON.parse(process.env.NODE_SOUNDSTAGE);
steer(listener, services);
