// Asio's own code that is not a template, compiled once for the room.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
