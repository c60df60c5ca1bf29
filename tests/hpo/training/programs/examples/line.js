// Fits a line to noisy points; goes on from its checkpoint.
const fs = require("fs");
const run = JSON.parse(fs.readFileSync(process.argv[2]));
const saved = run.checkpoint + "/state.json";
const state = fs.existsSync(saved) ? JSON.parse(fs.readFileSync(saved)) : { a: 0, b: 0, step: 0 };
let random = run.seed;
const next = () => (random = (random * 16807) % 2147483647) / 2147483647;
const points = Array.from({ length: 60 }, next).map((x) => [x, 3 * x + 1 + 0.1 * next()]);
for (; state.step < run.until; state.step++)
  for (const [x, y] of points.slice(0, 40)) {
    const error = state.a * x + state.b - y;
    state.a -= run.config.learning_rate * (error * x + run.config.decay * state.a);
    state.b -= run.config.learning_rate * error;
  }
fs.writeFileSync(saved, JSON.stringify(state));
const rmse = (part) => Math.sqrt(part.reduce((sum, [x, y]) => sum + (state.a * x + state.b - y) ** 2, 0) / part.length);
console.log(JSON.stringify({ rmse: rmse(points.slice(40)), train: rmse(points.slice(0, 40)) }));
