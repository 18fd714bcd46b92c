import { testHostileLayer } from './hostile-layer-test.ts';
import { layerBombs } from './hostile-layers.ts';

layerBombs.forEach(testHostileLayer);
