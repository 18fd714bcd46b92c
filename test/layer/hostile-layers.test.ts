import { testHostileLayer } from './hostile-layer-test.ts';
import { hostileLayers } from './hostile-layers.ts';

hostileLayers.forEach(testHostileLayer);
