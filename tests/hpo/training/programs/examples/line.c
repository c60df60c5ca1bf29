// Fits a line to noisy points: ./line SEED PERCENT LEARNING_RATE DECAY
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
static double a, b, x[60], y[60];
static double rmse(int from, int to) {
  double sum = 0;
  for (int i = from; i < to; i++) sum += pow(a * x[i] + b - y[i], 2);
  return sqrt(sum / (to - from));
}
int main(int argc, char **argv) {
  srand(atoi(argv[1]));
  for (int i = 0; i < 60; i++) y[i] = 3 * (x[i] = rand() / (RAND_MAX + 1.0)) + 1 + 0.1 * rand() / RAND_MAX;
  for (int step = 0; step < atoi(argv[2]); step++)
    for (int i = 0; i < 40; i++) {
      double error = a * x[i] + b - y[i], rate = atof(argv[3]);
      a -= rate * (error * x[i] + atof(argv[4]) * a), b -= rate * error;
    }
  printf("{\"rmse\": %.17g, \"train\": %.17g}\n", rmse(40, 60), rmse(0, 40));
}
