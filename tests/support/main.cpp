// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE dossier
#include <boost/test/unit_test.hpp>
