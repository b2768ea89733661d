// Keeps all other threads out of the runtime's state while the process is copied.
//
// Side:    trusted
// A thread is at rest when it holds no lock and changes nothing of the runtime: in a host call that
// may wait (Interruptible::Yes), and where it looks at its signals before it goes back to the
// program. Whoever stops the world waits until every other thread rests; those do not go on before
// the world does. So in a copy that is made meanwhile no lock is held by a thread that does not
// exist there, and nothing is half done.
// Threads: `resting` is written by its own thread; the order of its stores and of the loads of the
//          stop flag decides who waits for whom
#pragma once

#include "runtime/trusted/enclave/thread_block.h"

namespace scone::enclave {

void begin_rest(ThreadBlock* block);
// Waits while the world is stopped.
void end_rest(ThreadBlock* block);
// A moment of rest for a thread that holds no lock: waits if somebody wants the world to stop.
void rest_if_stopped(ThreadBlock* block);

// True when this thread may stop the world; false: another one did meanwhile, try again.
bool try_stop_world();
void let_world_go_on();
bool rests(const ThreadBlock* block);

}  // namespace scone::enclave
