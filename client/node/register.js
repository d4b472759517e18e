// Loaded before a program by `--import`: its connections are led into the run that SOUNDSTAGE_STEER names.
import { steer } from './src/steered.js';

if (!process.env.SOUNDSTAGE_STEER) {
  throw new Error('soundstage-client/register was loaded and SOUNDSTAGE_STEER is not set: nothing would be led anywhere');
}
const { listener, services } = JSON.parse(process.env.SOUNDSTAGE_STEER);
steer(listener, services);
