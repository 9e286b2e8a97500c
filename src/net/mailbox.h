// Messages from any thread to one shard: a lock-free stack that the shard empties whole and reverses.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "base/executor.h"

namespace patchbay::net {

// push() is thread-safe; drain() belongs to the shard.
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() { discard(); }

  // True when the mailbox was empty: then, and only then, the shard must be woken.
  bool push(Task task) {
    auto* const node = new Node{nullptr, std::move(task)};
    Node* before = head_.load(std::memory_order_relaxed);
    do {
      node->next = before;
    } while (
        !head_.compare_exchange_weak(before, node, std::memory_order_release, std::memory_order_relaxed));
    // Not node->next: the shard may have run and freed the node by now.
    return before == nullptr;
  }

  // Runs everything pushed so far, oldest first; what is pushed meanwhile waits. Returns how many ran.
  size_t drain() {
    Node* node = take_in_order();
    size_t count = 0;
    while (node != nullptr) {
      Node* const next = node->next;
      node->task();
      delete node;
      node = next;
      ++count;
    }
    return count;
  }

  bool empty() const { return head_.load(std::memory_order_acquire) == nullptr; }

  // Destroys what waits, without running it.
  void discard() {
    for (Node* node = take_in_order(); node != nullptr;) delete std::exchange(node, node->next);
  }

 private:
  struct Node {
    Node* next;
    Task task;
  };

  Node* take_in_order() {
    Node* stack = head_.exchange(nullptr, std::memory_order_acquire);
    Node* queue = nullptr;
    while (stack != nullptr) {
      Node* const next = stack->next;
      stack->next = queue;
      queue = stack;
      stack = next;
    }
    return queue;
  }

  std::atomic<Node*> head_{nullptr};
};

}  // namespace patchbay::net
