/* The version of the software, the same for all its programs. */
#ifndef SL_VERSION_H
#define SL_VERSION_H

#define SL_VERSION "0.1"

#endif
