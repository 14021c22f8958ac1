/* The parts of `samenloop keys`; each gives an exit code of tool.h. arguments[0] is its name. */
#ifndef SL_KEYS_H
#define SL_KEYS_H

int keys_new(int count, char **arguments);
int keys_show(int count, char **arguments);
int keys_rotate(int count, char **arguments);

#endif
