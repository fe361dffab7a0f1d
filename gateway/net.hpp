// SPDX-License-Identifier: Apache-2.0
// The names by which the gateway calls Asio and Beast.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace boost::beast::http {}

namespace dossier {

namespace asio = boost::asio;
using tcp = boost::asio::ip::tcp;
template <class T>
using awaitable = boost::asio::awaitable<T>;

} // namespace dossier
