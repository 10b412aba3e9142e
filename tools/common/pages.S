/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pages.S - manual pages that explain codes, as they stand, for explain.c */
	.section .rodata

	.globl	rt_page_cfg
	.hidden	rt_page_cfg
rt_page_cfg:
	.incbin	"docs/kvmrt.cfg.5"
	.byte	0

	.globl	rt_page_host
	.hidden	rt_page_host
rt_page_host:
	.incbin	"docs/kvmrt-validate-host.1"
	.byte	0

	.globl	rt_page_kvmrt
	.hidden	rt_page_kvmrt
rt_page_kvmrt:
	.incbin	"docs/kvmrt.7"
	.byte	0

	.section .note.GNU-stack,"",%progbits
