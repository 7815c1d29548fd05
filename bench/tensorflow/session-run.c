/*
 * Microseconds per TF_SessionRun, called in a loop from C: session-run LIBRARY FOLDER INPUT OUTPUT DIM... RUNS
 *
 * The input is one float32 tensor of ones, made once; each call's output is deleted. Prints a line for each of the ways in
 * which the engine runs a session: on the calling thread, and on TensorFlow's. A number is that of the fastest of some rounds of RUNS.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 15, FLOAT = 1, MAX_RANK = 8 };

typedef struct {
  void *operation;
  int index;
} Output;

static void *library;

static void *find(const char *name) {
  void *found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return found;
}

static int (*get_code)(void *);
static const char *(*message)(void *);

static void check(void *status) {
  if (get_code(status) == 0) return;
  fprintf(stderr, "%s\n", message(status));
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  library = dlopen(argv[1], RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  get_code = find("TF_GetCode");
  message = find("TF_Message");
  void *(*new_status)(void) = find("TF_NewStatus");
  void *(*new_options)(void) = find("TF_NewSessionOptions");
  void *(*new_graph)(void) = find("TF_NewGraph");
  void *(*new_buffer)(const void *, size_t) = find("TF_NewBufferFromString");
  void *(*load)(void *, void *, const char *, const char *const *, int, void *, void *, void *) =
      find("TF_LoadSessionFromSavedModel");
  void *(*operation)(void *, const char *) = find("TF_GraphOperationByName");
  void *(*allocate)(int, const int64_t *, int, size_t) = find("TF_AllocateTensor");
  void *(*data)(void *) = find("TF_TensorData");
  void (*delete_tensor)(void *) = find("TF_DeleteTensor");
  void (*run)(void *, void *, const Output *, void *const *, int, const Output *, void **, int, void *, int, void *,
              void *) = find("TF_SessionRun");

  void *status = new_status();
  void *graph = new_graph();
  const char *tags[] = {"serve"};
  void *session = load(new_options(), NULL, argv[2], tags, 1, graph, NULL, status);
  check(status);

  int64_t dims[MAX_RANK];
  int rank = argc - 6;
  int runs = atoi(argv[argc - 1]);
  size_t count = 1;
  if (rank > MAX_RANK) return 2;
  for (int i = 0; i < rank; i++) count *= dims[i] = atoll(argv[5 + i]);
  void *value = allocate(FLOAT, dims, rank, count * sizeof(float));
  for (size_t i = 0; i < count; i++) ((float *)data(value))[i] = 1;
  Output input = {operation(graph, argv[3]), 0};
  Output output = {operation(graph, argv[4]), 0};

  /* RunOptions with inter_op_thread_pool -1. */
  const unsigned char caller[] = {0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
  void *options[] = {new_buffer(caller, sizeof caller), NULL};
  for (int way = 0; way < 2; way++) {
    double fastest = 1e12;
    for (int round = 0; round < ROUNDS; round++) {
      double start = now();
      for (int i = 0; i < runs; i++) {
        void *result = NULL;
        run(session, options[way], &input, &value, 1, &output, &result, 1, NULL, 0, NULL, status);
        check(status);
        delete_tensor(result);
      }
      double took = (now() - start) / runs;
      if (took < fastest) fastest = took;
    }
    printf("%f\n", fastest);
  }
  return 0;
}
