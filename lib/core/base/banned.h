/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* banned.h - calls that have no place here; included by every source file */
#ifndef RT_BANNED_H
#define RT_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With _FORTIFY_SOURCE some of these are macros, and clang warns. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strtok strncpy strncat
#pragma GCC poison atoi atol atoll system popen gets tmpnam mktemp

#endif
