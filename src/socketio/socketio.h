// Everything that a Socket.IO server usually needs, in one include: a server that runs by itself, namespaces,
// sockets, typed arguments, and Boost.JSON's values. docs/socketio.md is the guide. Files that care for
// compile time include what they use instead: "socketio/server.h" alone parses no Boost.JSON.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "socketio/adapter.h"
#include "socketio/observer.h"
#include "socketio/server.h"
#include "socketio/standalone_server.h"
#include "socketio/typed.h"
