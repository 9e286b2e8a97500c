// Everything that a Socket.IO server or client usually needs, in one include: a server and a client that run
// by themselves, namespaces, sockets, typed arguments, and Boost.JSON's values. docs/socketio.md is the
// guide. Files that care for compile time include what they use instead: "socketio/server.h" and
// "socketio/client.h" alone parse no Boost.JSON.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "socketio/adapter.h"
#include "socketio/admin.h"
#include "socketio/client_thread.h"
#include "socketio/observer.h"
#include "socketio/server.h"
#include "socketio/standalone_server.h"
#include "socketio/typed.h"
